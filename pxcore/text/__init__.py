"""Text from outside: decoded, made plain, and escaped for where it goes."""
