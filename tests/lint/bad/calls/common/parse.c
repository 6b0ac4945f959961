/* SPDX-License-Identifier: MIT */
static void numbers(void)
{
	strtoull("1", 0, 10);
	strtol ("1", 0, 10);
	atoi("1"); /* LINT-BAD */
}
