"""On, off, and back on: what runtime remembers in AWS, and what a run or a person makes of it."""
