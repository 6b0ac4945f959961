# SPDX-License-Identifier: MIT
if True:
    pass
