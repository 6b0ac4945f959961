/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The rows, by where their evidence comes from. Each is pure; what it asks and how it finds out
 * stands in the table of rows.c, and its thresholds at its function.
 */
#include "cli/audit/audit.h"
#include "cli/audit/observe.h"

/* "curl to [2001:db8::1]:443", with whatever `word` is between; no port: 0; rows_sockets.c */
void audit_name(const char *comm, const char *word, const Address *address, uint16_t port,
		char *buffer, size_t size);
/* "curl to 192.0.2.1", with the port ":443" of a single connection; rows_sockets.c */
void audit_name_flow(const ObservedFlow *flow, bool with_port, char *buffer, size_t size);

/* rows_sockets.c: single connections */
void audit_nodelay(const AuditInput *input, AuditFindings *ret);
void audit_keepalive(const AuditInput *input, AuditFindings *ret);
void audit_options(const AuditInput *input, AuditFindings *ret);
void audit_mtu(const AuditInput *input, AuditFindings *ret);
void audit_pooling(const AuditInput *input, AuditFindings *ret);
/* rows_throughput.c: bulk transfers */
void audit_congestion(const AuditInput *input, AuditFindings *ret);
void audit_buffers(const AuditInput *input, AuditFindings *ret);
void audit_receive_buffer(const AuditInput *input, AuditFindings *ret);
void audit_bufferbloat(const AuditInput *input, AuditFindings *ret);
/* rows_endpoints.c: what probes of the daemon know */
void audit_http(const AuditInput *input, AuditFindings *ret);
void audit_fast_open(const AuditInput *input, AuditFindings *ret);
void audit_distance(const AuditInput *input, AuditFindings *ret);
void audit_tail(const AuditInput *input, AuditFindings *ret);
/* rows_host.c: the host */
void audit_dns_cache(const AuditInput *input, AuditFindings *ret);
void audit_listen(const AuditInput *input, AuditFindings *ret);
void audit_ports(const AuditInput *input, AuditFindings *ret);
void audit_settings(const AuditInput *input, AuditFindings *ret);
void audit_tuners(const AuditInput *input, AuditFindings *ret);
