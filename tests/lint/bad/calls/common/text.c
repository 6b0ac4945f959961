/* SPDX-License-Identifier: MIT */
/* strtol() in a comment, and in a string below, is no call. */
static const char *const text = "strcpy(a, b); system(c)";

static void calls(void)
{
	strtol("1", 0, 10); /* LINT-BAD */
	sprintf(a, "%d", 1); /* LINT-BAD */
	strcat(strcpy(a, b), c); /* LINT-BAD */
	popen("ls", "r"); /* LINT-BAD */
	sscanf("1", "%d", &a); /* LINT-BAD */
	(void)system("ls"); /* LINT-BAD */
	gets(a); /* LINT-BAD */
	snprintf(a, 1, "%d", 1);
	our_system(a);
	clock->system(a);
	filesystem(a);
}
