"""How each service of AWS answers."""
