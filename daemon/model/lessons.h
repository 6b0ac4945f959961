/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What trials have taught, kept between runs: for each controller, path and setting the measured
 * effect, its evidence and its age. A lesson writes nothing. It is a prior: a trial that expects
 * what was seen before needs fewer pairs to be sure of it, but it still has to see it.
 *
 * A lesson speaks of one kernel, one boot and one network namespace, and of one route: with another
 * gateway or device, or another floor, the same address is another path. It fades with age, and
 * after LESSON_AGE_MAX_NS says nothing.
 *
 * Pure: a table of at most LESSONS_MAX, of which the oldest goes, and its text (an example, with
 * <T> for a tabulator):
 *
 *   netopt-lessons 1
 *   boot 0c5f1f66-7b7a-4b0e-9a39-2f6e3a9f2f11
 *   kernel 6.1.0-18-amd64
 *   netns 4026531840
 *   lesson<T>congestion<T>192.0.2.1<T>00000000deadbeef<T>81200<T>kept<T>182321<T>3400000<T>12<T>
 *     1700000000000000<T>route.congctl<T>bbr
 *   checksum 93a1d0e2c4b5f687
 *
 * A lesson line, which is not broken: controller; path, "-" for the whole host; route; floor in us;
 * verdict; effect and evidence, ln units * 10^6; pairs; when it was decided, in us of real time;
 * key and value of each tunable.
 */
#include "common/address.h"
#include "common/clock.h"
#include "daemon/model/tunable.h"

/* Some 700 bytes each in memory; 256 routes and the sysctls, several values each. */
#define LESSONS_MAX           1024
#define LESSON_TUNABLES_MAX   3
#define LESSON_CONTROLLER_MAX 24
/* Paths change slowly: what was true a month ago is a guess. */
#define LESSON_AGE_MAX_NS (30 * NSEC_PER_DAY)
/* Another floor is another path: beyond this share, and beyond this time. */
#define LESSON_FLOOR_PERMILLE 250
#define LESSON_FLOOR_US       1000
/* Numbers of a triple that differ by less are the same trial again. */
#define LESSON_NEAR_PERMILLE 200
/* Ours are below 700 bytes each; a text larger than this is not ours. */
#define LESSONS_SIZE_MAX (LESSONS_MAX * 1024)

typedef struct LessonTunable {
	TunableId id;
	TunableValue value; /* that was tried */
} LessonTunable;

/* What a lesson is about. */
typedef struct LessonSubject {
	char controller[LESSON_CONTROLLER_MAX]; /* [a-z0-9_-]+ */
	Address path;                           /* family 0: the whole host */
	LessonTunable tunables[LESSON_TUNABLES_MAX];
	size_t n_tunables;
	uint64_t route;    /* lessons_route(); 0: none, of the whole host */
	uint32_t floor_us; /* of the path; 0: not known */
} LessonSubject;

typedef struct Lesson {
	LessonSubject subject;
	bool kept;            /* false: tried, and not worth keeping */
	double effect, log_e; /* ln units; > 0: the new value was better */
	unsigned pairs;
	uint64_t decided_realtime_ns;
} Lesson;

/* Whose lessons these are. All but the namespace is text as the kernel gives it. */
typedef struct LessonsIdentity {
	char boot_id[37];
	char kernel[65];
	uint64_t netns;
} LessonsIdentity;

typedef struct Lessons Lessons;

int lessons_new(const LessonsIdentity *identity, Lessons **ret_lessons); /* empty. -ENOMEM */
void lessons_free(Lessons *lessons);

/*
 * At a verdict. Replaces what was known of the same subject, and whatever was learned of this path
 * over another route. Effect and evidence are rounded to 10^-6. -EINVAL: no tunable, a controller's
 * name that is none, or a number that is not finite; -ENOMEM. Neither is a reason to stop: the
 * table is as it was.
 */
int lessons_add(Lessons *lessons, const Lesson *lesson);

/* What lessons_find() tells. */
typedef struct LessonPrior {
	double effect;   /* as learned, less what age takes from it: ln units, may be negative */
	uint64_t age_ns; /* since the verdict */
	const Lesson *lesson; /* valid until the table changes */
} LessonPrior;

/*
 * When a trial of this subject begins. False: nothing is known that holds here and now: the same
 * controller, path, tunables and values, the same route and floor, not too old and not from the
 * future. The effect fades in a straight line, to 0 at LESSON_AGE_MAX_NS.
 */
bool lessons_find(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		  LessonPrior *ret_prior);
/*
 * Likewise, but by the first tunable of the subject alone, whatever was set along with it: so a
 * hold is found (policy/hold.h). Of a triple, whose proposed numbers follow what was measured and
 * are never quite the same twice, each may differ by LESSON_NEAR_PERMILLE.
 */
bool lessons_find_led(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		      LessonPrior *ret_prior);
/* The newest lesson of a gain by the first tunable of the subject, with whatever value. */
bool lessons_find_kept(const Lessons *lessons, const LessonSubject *subject, uint64_t realtime_ns,
		       LessonPrior *ret_prior);
/* A path is not what it was (its route changed): what is known of it goes. Returns how many. */
size_t lessons_forget_path(Lessons *lessons, const Address *path);
/* What has become too old goes. */
size_t lessons_forget_old(Lessons *lessons, uint64_t realtime_ns);

size_t lessons_count(const Lessons *lessons);
const Lesson *lessons_at(const Lessons *lessons, size_t index); /* 0 oldest */
uint64_t lessons_evicted(const Lessons *lessons);
/* Grows with every change of the table: whoever stores it knows by this whether to. */
uint64_t lessons_generation(const Lessons *lessons);

/* A fingerprint of a route: never 0. `gateway` unset: on-link. */
uint64_t lessons_route(const Address *gateway, const char *link_name, int link_index);

/* Exactly one text for each table. -ENOMEM; -EINVAL: an identity that no line can hold. */
int lessons_encode(const Lessons *lessons, char **ret_text, size_t *ret_length);
/*
 * Fills an empty table. 0; LESSONS_STALE: of another boot, kernel or network namespace; -EBADMSG:
 * not exactly what lessons_encode() writes; -ENOMEM. But for 0 the table stays empty.
 */
enum { LESSONS_STALE = 1 };
int lessons_decode(Lessons *lessons, const char *text, size_t length);
