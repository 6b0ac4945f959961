/* SPDX-License-Identifier: MIT */
static void calls(void)
{
	sscanf("1", "%d", &a);
	strcpy(a, b); /* LINT-BAD */
}
