"""Golden images: bake them from the stages in `ami/`, test them, publish them, remove old ones."""
