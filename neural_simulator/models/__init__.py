"""What is true: equations as plain scalar functions, and declarations. No arrays, no device, no configuration."""
