#!/usr/bin/env python3 LINT-BAD
import os
