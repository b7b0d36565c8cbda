"""The program's version, written into every file that it makes."""

VERSION = "0.1.0"
