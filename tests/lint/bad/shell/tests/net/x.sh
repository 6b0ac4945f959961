#!/bin/sh
printf "%s\n" "$1"
if [[ $1 = a ]]; then echo a; fi # LINT-BAD
