"""Plans and reports as text, markdown and JSON. Pure: values in, strings out."""
