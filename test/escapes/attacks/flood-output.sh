#!/bin/sh
# 100 MB from a program that nobody counts in.
head -c 100000000 /dev/zero | tr '\0' 'x'
