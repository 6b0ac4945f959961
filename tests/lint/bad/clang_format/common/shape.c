/* SPDX-License-Identifier: MIT */
static int shape(int a)
{
	if ( a ) /* LINT-BAD */
		return 1;
	return 0;
}
