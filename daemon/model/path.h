/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * What is known of one destination from the host's own flows. Samples of flows come in as deltas
 * since the previous sweep; they are summed into a window of 30 s, and the last few complete
 * windows are kept, because evidence must hold for several windows in a row before anything is
 * proposed.
 *
 * "At cap" is the triple test of a buffer limit, made per sample of a bulk flow:
 *  send: sndbuf has grown to tcp_wmem[2], the queue is full (wmem_queued >= 0.6 sndbuf), all of it
 * is on the wire (notsent < 128 KiB), no standing queue (srtt <= 1.25 min_rtt), ca_state Open, and
 *        the peer's window is not exhausted.
 *  receive: rcvbuf has grown to tcp_rmem[2], the window offered fills it, the reader keeps up,
 *        no standing queue (rcv_rtt <= 1.25 of the path's floor).
 */
#include "common/flow_sample.h"
#include "common/histogram.h"
#include "common/map.h"
#include "daemon/model/floor.h"
#include "daemon/model/path_series.h"
#include "daemon/model/path_stalls.h"
#include "daemon/model/path_starts.h"

#define PATH_WINDOW_NS (UINT64_C(30) * 1000000000)
#define PATH_WINDOWS   4 /* complete windows kept; 3 in a row are evidence */

/* A flow counts as bulk once it moved this much: smaller ones end in slow start. */
#define PATH_BULK_BYTES (256 * 1024)

/* What waits longer than this unsent in a socket is felt by whoever waits for what comes after. */
#define PATH_UNSENT_US 50000

typedef struct PathWindow {
	uint64_t start_ns;
	uint64_t bytes_acked, bytes_sent, bytes_retrans, bytes_received;
	uint64_t bulk_bytes_acked, bulk_busy_us;       /* of bulk flows: their ratio is goodput */
	uint64_t bulk_bytes_received, bulk_receive_us; /* and the time over which they arrived */
	uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;
	uint64_t max_delivery_bps;     /* bit/s; largest delivery_rate that was not app-limited */
	uint64_t max_any_delivery_bps; /* bit/s; also app-limited (which sndbuf limits look like) */
	uint64_t max_receive_bps;      /* bit/s; rcv_space / rcv_rtt */
	uint64_t max_inflight_bytes;   /* unacked * mss */
	uint64_t max_sndbuf_bytes, max_rcvbuf_bytes, max_rcv_wnd_bytes;
	uint32_t min_rtt_us;                            /* UINT32_MAX: no sample */
	uint32_t srtt_p10_us, srtt_p50_us, srtt_p90_us; /* of bulk samples; 0: none */
	uint32_t samples; /* of bulk flows that moved data since the last sweep */
	uint32_t samples_app_limited, samples_send_at_cap, samples_receive_at_cap;
	uint32_t samples_peer_limited; /* rwnd_limited over half of the busy time */
	uint32_t samples_slow_reader;  /* our application does not read */
	/* What waits unsent takes longer than PATH_UNSENT_US at the rate of delivery; and of those
	 * the ones to which the peer sends, too: somebody waits for answers. */
	uint32_t samples_unsent, samples_unsent_asked;
	uint32_t max_notsent_bytes;
	uint32_t samples_reordered; /* over 0.1 % of what the flow received was out of order */
	uint32_t restarts;          /* bursts after a pause: see FlowDelta.restarted */
	uint32_t max_restart_bytes;
	uint32_t samples_open; /* ca_state Open */
	uint32_t flows_born, flows_bulk;
	uint32_t total_rto;
	uint32_t samples_other_congestion; /* flows whose CC neither host nor route gave them */
	uint32_t samples_ecn;              /* flows that negotiated ECN */
} PathWindow;

/* The metrics of ours on the route of a path; 0 or "": unset. */
typedef struct PathMetrics {
	char congestion[CONGESTION_NAME_MAX];
	uint16_t initcwnd, rto_min_ms;
	bool quickack, ecn;
} PathMetrics;

typedef struct PathRoute {
	PathMetrics metrics;
	char past_congestion[CONGESTION_NAME_MAX]; /* what it gave until past_ns; "": nothing */
	uint64_t past_ns;
} PathRoute;

typedef struct Path {
	MapEntry entry;
	Address address;
	uint8_t prefix_length; /* 32, 128: this address exactly; less: a merged prefix */
	bool history_denied;   /* the table has none to give */
	bool starts_denied;    /* likewise */
	bool pinned;           /* neither merged nor evicted: see path_table_pin() */
	uint64_t first_seen_ns, last_seen_ns;
	uint32_t slot;                        /* where its table keeps it */
	uint32_t flows;                       /* at the last sweep */
	uint32_t min_rtt_us;                  /* of the epoch; UINT32_MAX: none yet */
	uint32_t srtt_us;                     /* last, of the busiest flow; 0: none */
	uint32_t mss;                         /* last seen, bytes */
	char congestion[CONGESTION_NAME_MAX]; /* last seen */
	uint32_t n_history;                   /* complete windows in history */
	uint64_t bytes_acked, bytes_sent, bytes_retrans, bytes_received; /* since first seen */
	uint64_t max_delivery_bps;                                       /* ever, not app-limited */
	uint64_t best_goodput_bps;                                       /* best complete window */
	PathWindow current;
	PathWindow *history;  /* PATH_WINDOWS of them, newest first; allocated with the first bulk
				 sample; NULL until then */
	uint64_t bulk_ns;     /* last sample of a bulk flow that moved data */
	SparseHistogram srtt; /* of the current window, us */
	Floor floor;          /* the epochs of the route; min_rtt_us is its floor */
	PathStatistics *statistics; /* NULL until it has traffic */
	PathStarts *starts;         /* NULL until connections need more than an initial window */
	PathStalls *stalls;         /* NULL until there was one, or a metric against them */
	PathRoute *route;           /* NULL: there never was a metric of ours */
} Path;

/* The sysctl values against which "at cap" is judged. */
typedef struct PathCaps {
	uint64_t wmem_max_bytes, rmem_max_bytes; /* 0: unknown, nothing is at cap */
	const char *congestion;                  /* the host's current default */
	const char *past_congestion;             /* what it was lately; NULL: the same */
} PathCaps;

/* What one flow did since the previous sweep (or since birth). */
typedef struct FlowDelta {
	uint64_t cookie;
	uint64_t birth_ns;
	uint32_t epoch;  /* label of the arm it was born in (flow_table_epoch) */
	bool born;       /* first seen now */
	bool birth_seen; /* it was born after the first sweep: the totals below are its whole life
			  */
	bool bulk;       /* moved PATH_BULK_BYTES in either direction since birth */
	bool became_bulk;
	uint64_t elapsed_ns; /* since the previous sample of it */
	uint64_t bytes_acked, bytes_sent, bytes_retrans, bytes_received; /* deltas */
	uint64_t busy_us, rwnd_limited_us, sndbuf_limited_us;            /* deltas */
	uint64_t acked_total, busy_total_us, sent_total, retrans_total;  /* since birth */
	uint32_t dsack_dups, total_rto;                                  /* deltas */
	bool restarted; /* it had paused for longer than its RTO with a window above the initial
			   one, and has sent more than an initial window since */
} FlowDelta;

/*
 * The floor of an epoch is the least min_rtt of its flows; but the kernel's min_rtt looks back 300
 * s, and that of an idle flow for ever. So, once an epoch has ended, only flows born since or
 * active in its sixth minute and later count for the floor. What makes the next epoch end are the
 * handshakes of new flows and the smoothed RTT of flows that are active but move too little to
 * fill a queue themselves; of others only what is near the floor, where it can only refute.
 */
#define PATH_MIN_RTT_MEMORY_NS (UINT64_C(330) * 1000000000) /* tcp_min_rtt_wlen, and a sweep */
#define PATH_QUIET_BYTES       (64 * 1024)                  /* per sweep: some initial windows */

/* Few connections outlive a change of their route by more, and what an application chooses itself
 * must not be taken for ours for ever. */
#define PATH_PAST_CONGESTION_NS (UINT64_C(3600) * 1000000000)

Path *path_new(const Address *address, uint64_t now_ns); /* NULL: no memory */
void path_free(Path *path);
/* Adds one sample. Windows roll by themselves as time passes. */
void path_add(Path *path, const FlowSample *sample, const FlowDelta *delta, const PathCaps *caps,
	      uint64_t now_ns);
/* Says which metrics of ours its route has now. A flow whose congestion control is that of the
 * route is not one whose application chose for itself; nor is, for PATH_PAST_CONGESTION_NS, one
 * that has what the route gave before: connections keep what they were born with. */
void path_expect(Path *path, const PathMetrics *metrics, uint64_t now_ns);
/* All unset if it has none. */
const PathMetrics *path_metrics(const Path *path);
/* From now on it is that of a prefix: its addresses have neither route nor starts in common. */
void path_become_prefix(Path *path, const Address *prefix, uint8_t length);
/* Closes the current window if its time is over, even without traffic. */
void path_roll(Path *path, uint64_t now_ns);
/* At the end of a sweep of one of `parts` parts of the flows. */
void path_end_sweep(Path *path, unsigned parts, uint64_t now_ns);
/* What its flows said lately; see path_series.h. */
void path_summarise(const Path *path, PathSeries series, WindowSpan span, uint64_t now_ns,
		    WindowSummary *ret);
/* Adds all that is known of `from` (a sibling in its prefix): sums, maxima, statistics, the lower
 * floor. The history of windows stays that of `into`. */
void path_absorb(Path *into, const Path *from, uint64_t now_ns);
/* Whether it stands for this address: its own, or one in its prefix. */
bool path_covers(const Path *path, const Address *address);
/* The address with all bits after the first `length` cleared. */
Address path_prefix(const Address *address, unsigned length);
bool path_is_prefix(const Path *path);
uint64_t path_bytes(const Path *path); /* moved either way since first seen */

/* The i-th last complete window, 0 newest; NULL if there is none, or it is too old to matter. */
const PathWindow *path_window(const Path *path, unsigned i);

/* The receive window we offer on this socket, bytes. */
uint64_t path_receive_window(const FlowSample *sample);

/* Derived, of one window; false when there is not enough to say. */
bool path_window_goodput_bps(const PathWindow *window, uint64_t *ret_bps);
bool path_window_loss(const PathWindow *window, double *ret_ratio); /* retransmitted / sent bytes */
/* Of all complete windows and the current one. */
bool path_loss(const Path *path, double *ret_ratio);
bool path_goodput_bps(const Path *path, uint64_t *ret_bps);
