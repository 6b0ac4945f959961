/* SPDX-License-Identifier: MIT */
int x_bare(X *x)
{
}
