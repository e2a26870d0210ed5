"""`reconcile sandbox`: start a local AWS, and change its world."""
