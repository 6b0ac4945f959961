/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What a word on the command line is about: an endpoint, a path, a tunable or a change. Told by
 * what it looks like, and by what the daemon knows of it.
 */
#include "cli/client.h"

typedef enum SubjectKind {
	SUBJECT_CHANGE,
	SUBJECT_ENDPOINT,
	SUBJECT_PATH,
	SUBJECT_TUNABLE,
	_SUBJECT_KINDS,
} SubjectKind;

/* "change" "endpoint" "path" "tunable" */
const char *subject_kind_name(SubjectKind kind);

#define SUBJECT_NAME_MAX 384

typedef struct Subject {
	SubjectKind kind;
	char name[SUBJECT_NAME_MAX]; /* as the daemon knows it: the whole key of a tunable */
} Subject;

/* What can be told by the word alone: a number, or a kind before it ("path:192.0.2.1"). False: the
 * daemon must be asked. */
bool subject_guess(const char *word, Subject *ret);
/* Of the others. Returns a CliExit, having said what went wrong: it is nothing, which names are
 * like it, or it is more than one thing, and how to say which. */
int subject_find(Client *client, const char *word, Subject *ret);
