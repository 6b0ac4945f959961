# SPDX-License-Identifier: MIT
if True  # LINT-BAD
    pass
