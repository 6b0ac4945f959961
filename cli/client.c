/* SPDX-License-Identifier: MIT */
/*
 * A plain socket and poll(2): no event library, so that a command is a few milliseconds. The reply
 * may be larger than what the daemon accepts (its tables are bounded, a call is smaller), hence a
 * limit of its own.
 */
#include "cli/client.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "cli/unit.h"
#include "common/clock.h"
#include "common/interface.h"
#include "common/parse.h"
#include "common/wire.h"
#include "netopt-build.h"

/* That of varlinkctl: no reply of ours comes near it. */
#define REPLY_MAX ((size_t)16 * 1024 * 1024)

#define ERROR_NOT_RUNNING "org.netopt.Client.NotRunning"
#define ERROR_CONNECTION  "org.netopt.Client.ConnectionFailed"
#define ERROR_TIMEOUT     "org.netopt.Client.Timeout"
#define HUNG_ADVICE                                                                                \
	"It is busy or hangs; systemd restarts it if it hangs. Look at: journalctl -u netoptd; "   \
	"to wait longer: --timeout"
#define ERROR_PROTOCOL "org.netopt.Client.ProtocolError"

void client_close(Client *client)
{
	base_close(&client->fd);
	client->fd = -1;
	text_clear(&client->input);
}

/* "cannot connect to PATH: ERROR", then advice, and what systemd knows of the daemon. */
static int say_failure(const Settings *settings, CliExit status, const char *name, int error,
		       const char *what, const char *advice)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	_cleanup_(text_clear) Text unit = {.data = NULL};
	OutputDetails details = {.socket = settings->socket, .error = error};

	unit_append_state(&unit);
	if (unit.length > 0)
		details.unit_state = text_string(&unit);
	text_appendf(&message, "%s %s: %s\n", what, settings->socket, strerror(error));
	if (unit.length > 0)
		text_appendf(&message, "The unit " UNIT_NAME " is %s.\n", text_string(&unit));
	text_append(&message, advice);
	return output_failure(settings, (int)status, name, &details, text_string(&message));
}

static int say_connect_error(const Settings *settings, int error)
{
	static const char what[] = "cannot connect to";

	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return say_failure(settings, CLI_NOT_RUNNING, ERROR_NOT_RUNNING, error, what,
				   "The daemon is not running. To start it:\n"
				   "  systemctl start netoptd    if it is installed\n"
				   "  ./setup run                from its source tree");
	case EACCES:
	case EPERM:
		return say_failure(
			settings, CLI_PERMISSION, INTERFACE_ERROR_PERMISSION_DENIED, error, what,
			"The daemon lets everybody connect, and members of the group " NETOPT_GROUP
			" steer it: look at the permissions of the socket "
			"and of the directories above it, or use sudo.");
	case EAGAIN:
		return say_failure(settings, CLI_FAILED, ERROR_TIMEOUT, ETIMEDOUT, what,
				   "The daemon does not take connections. " HUNG_ADVICE);
	default:
		return say_failure(settings, CLI_FAILED, ERROR_CONNECTION, error, what,
				   "Is this the socket of netoptd? See: netoptctl --help");
	}
}

/* 0 or negative errno. The connection is waited for at most as long as an answer. */
static int connect_to(const Settings *settings, int *ret_fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {
		.tv_sec = (time_t)(settings->timeout_ns / NSEC_PER_SEC),
		.tv_usec = (suseconds_t)(settings->timeout_ns % NSEC_PER_SEC / NSEC_PER_USEC),
	};
	_cleanup_close_ int fd = -1;

	if (!text_copy(address.sun_path, sizeof(address.sun_path), settings->socket))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = base_steal_fd(&fd);
	return 0;
}

int client_open(const Settings *settings, Client *ret_client)
{
	int fd = -1, r = connect_to(settings, &fd);

	if (r < 0)
		return say_connect_error(settings, -r);
	*ret_client = (Client){.settings = settings, .fd = fd};
	return CLI_OK;
}

/* 0 or negative errno. */
static int send_call(Client *client, const char *method, Json *parameters, bool more)
{
	_cleanup_free_ char *bytes = NULL;
	size_t length;
	int r = wire_encode_call(method, parameters, more, &bytes, &length);

	if (r < 0)
		return r;
	for (size_t sent = 0; sent < length;) {
		ssize_t n = send(client->fd, bytes + sent, length - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		sent += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Appends what comes next. -ETIMEDOUT at the deadline; -ECONNRESET at the end; -EINTR. */
static int receive_some(Client *client, uint64_t deadline_ns)
{
	char bytes[64 * 1024];
	struct pollfd readable = {.fd = client->fd, .events = POLLIN};
	uint64_t now_ns = clock_monotonic_ns(&clock_system);
	uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	ssize_t n;
	int r;

	r = poll(&readable, 1,
		 (int)MIN((wait_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC, UINT64_C(60000)));
	if (r < 0)
		return -errno;
	if (r == 0)
		return clock_monotonic_ns(&clock_system) >= deadline_ns ? -ETIMEDOUT : 0;
	n = recv(client->fd, bytes, sizeof(bytes), 0);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	if (client->input.length + (size_t)n > REPLY_MAX)
		return -EMSGSIZE;
	text_append_bytes(&client->input, bytes, (size_t)n);
	return client->input.failed ? -ENOMEM : 0;
}

/* A message that is there, parsed: 1; 0: it is not complete. Negative errno. */
static int take_message(Client *client, Json **ret_reply)
{
	const char *data = client->input.data, *nul = NULL;
	size_t length;
	int r;

	if (client->input.length > client->searched)
		nul = memchr(data + client->searched, '\0',
			     client->input.length - client->searched);
	client->searched = client->input.length;
	if (!nul)
		return 0;
	length = (size_t)(nul - data);
	r = json_parse(data, length, ret_reply);
	text_consume(&client->input, length + 1);
	client->searched = 0;
	return r < 0 ? r : 1;
}

/* One message without its NUL, parsed. Negative errno. */
static int receive_reply(Client *client, uint64_t deadline_ns, Json **ret_reply)
{
	for (;;) {
		int r = take_message(client, ret_reply);

		if (r != 0)
			return r < 0 ? r : 0;
		r = receive_some(client, deadline_ns);
		if (r < 0)
			return r;
	}
}

static uint64_t answer_deadline(const Client *client)
{
	return clock_monotonic_ns(&clock_system) + client->settings->timeout_ns;
}

static int say_call_error(const Client *client, int error)
{
	const Settings *settings = client->settings;
	char timeout[64], what[128];

	switch (error) {
	case ETIMEDOUT:
		parse_format_duration(settings->timeout_ns, timeout, sizeof(timeout));
		(void)text_format(what, sizeof(what), "no answer within %s from netoptd at",
				  timeout); /* fits */
		return say_failure(settings, CLI_FAILED, ERROR_TIMEOUT, error, what, HUNG_ADVICE);
	case ECONNRESET:
	case EPIPE:
		return say_failure(settings, CLI_FAILED, ERROR_CONNECTION, error,
				   "no answer, but the end of the connection, from netoptd at",
				   "It stops, or has too many clients. Try again; then: "
				   "systemctl status netoptd");
	case EBADMSG:
	case EMSGSIZE:
		return output_error(settings, CLI_FAILED, ERROR_PROTOCOL,
				    "what answers at %s is not netoptd: %s", settings->socket,
				    strerror(error));
	default:
		return say_failure(settings, CLI_FAILED, ERROR_CONNECTION, error,
				   "talking to netoptd at", "Try: systemctl status netoptd");
	}
}

static int say_denied(const Settings *settings)
{
	_cleanup_(text_clear) Text message = {.data = NULL};
	OutputDetails details = {.socket = settings->socket, .error = EPERM};

	text_appendf(&message,
		     "permission denied: only root and members of the group %s may do this\n"
		     "So says netoptd at %s.\n",
		     NETOPT_GROUP, settings->socket);
	unit_append_group_advice(&message);
	return output_failure(settings, CLI_PERMISSION, INTERFACE_ERROR_PERMISSION_DENIED, &details,
			      text_string(&message));
}

int client_say_error(const Client *client, const char *method, const char *error,
		     const Json *parameters)
{
	const Settings *settings = client->settings;
	const char *message = json_string(json_get(parameters, "message"));
	const char *parameter = json_string(json_get(parameters, "parameter"));

	if (text_equal(error, INTERFACE_ERROR_PERMISSION_DENIED))
		return say_denied(settings);
	if (text_equal(error, INTERFACE_ERROR_NO_SUCH_CHANGE))
		return output_error(settings, CLI_FAILED, error,
				    "there is no change %" PRId64 "; see: netoptctl changes",
				    json_int(json_get(parameters, "id"), 0));
	if (text_equal(error, INTERFACE_ERROR_NO_SUCH_ENDPOINT)) {
		const char *name = json_string(json_get(parameters, "name"));

		return output_error(settings, CLI_FAILED, error,
				    "there is no endpoint %s; see: netoptctl endpoints",
				    name ? name : "of that name");
	}
	if (text_equal(error, INTERFACE_ERROR_NO_SUCH_PATH)) {
		const char *path = json_string(json_get(parameters, "path"));

		return output_error(settings, CLI_FAILED, error,
				    "no connection to %s is known; see: netoptctl paths",
				    path ? path : "that address");
	}
	if (text_equal(error, INTERFACE_ERROR_NO_SUCH_TUNABLE)) {
		const char *key = json_string(json_get(parameters, "key"));

		return output_error(settings, CLI_FAILED, error,
				    "there is no tunable %s; see: netoptctl tunables",
				    key ? key : "of that name");
	}
	if (text_equal(error, INTERFACE_ERROR_METHOD_NOT_FOUND))
		return output_error(settings, CLI_FAILED, error,
				    "this netoptd does not know %s: is it older than netoptctl?",
				    method);
	if (message)
		return output_error(settings, CLI_FAILED, error, "%s", message);
	return output_error(settings, CLI_FAILED, error, "netoptd refused: %s%s%s", error,
			    parameter ? ": " : "", parameter ? parameter : "");
}

/* What the reply says; an error of it is left to the caller. Returns a CliExit. */
static int read_reply(const Client *client, const Json *reply, Json **ret_parameters,
		      char ret_error[CLIENT_ERROR_MAX])
{
	Json *answer = json_get(reply, "parameters");
	const char *error = json_string(json_get(reply, "error"));

	if (!error && json_type(answer) != JSON_OBJECT)
		return say_call_error(client, EBADMSG);
	(void)text_copy(ret_error, CLIENT_ERROR_MAX, error ? error : "");
	*ret_parameters = json_reference(answer);
	return CLI_OK;
}

/* The same, but an error of it is said. */
static int read_parameters(const Client *client, const char *method, const Json *reply,
			   Json **ret_parameters)
{
	_cleanup_json_ Json *answer = NULL;
	char error[CLIENT_ERROR_MAX];
	int r = read_reply(client, reply, &answer, error);

	if (r != CLI_OK)
		return r;
	if (*error)
		return client_say_error(client, method, error, answer);
	*ret_parameters = STEAL(answer);
	return CLI_OK;
}

/* Sends a call and waits for its one reply. Returns a CliExit. */
static int converse(Client *client, const char *method, Json *parameters, Json **ret_reply)
{
	uint64_t deadline_ns = answer_deadline(client);
	int r = send_call(client, method, parameters, false);

	if (r == 0)
		do
			r = receive_reply(client, deadline_ns, ret_reply);
		while (r == -EINTR);
	return r < 0 ? say_call_error(client, -r) : CLI_OK;
}

int client_ask(Client *client, const char *method, Json *parameters, Json **ret_parameters,
	       char ret_error[CLIENT_ERROR_MAX])
{
	_cleanup_json_ Json *reply = NULL;
	int r = converse(client, method, parameters, &reply);

	return r == CLI_OK ? read_reply(client, reply, ret_parameters, ret_error) : r;
}

int client_call(Client *client, const char *method, Json *parameters, Json **ret_parameters)
{
	_cleanup_json_ Json *reply = NULL;
	int r = converse(client, method, parameters, &reply);

	return r == CLI_OK ? read_parameters(client, method, reply, ret_parameters) : r;
}

int client_begin(Client *client, const char *method, Json *parameters)
{
	int r = send_call(client, method, parameters, true);

	client->method = method;
	return r < 0 ? say_call_error(client, -r) : CLI_OK;
}

int client_next(Client *client, uint64_t deadline_ns, Json **ret_parameters, bool *ret_last)
{
	_cleanup_json_ Json *reply = NULL;
	int r = receive_reply(client, deadline_ns, &reply);

	*ret_parameters = NULL;
	*ret_last = false;
	if (r == -ETIMEDOUT || r == -EINTR)
		return CLI_OK;
	if (r < 0)
		return say_call_error(client, -r);
	*ret_last = !json_bool(json_get(reply, "continues"), false);
	return read_parameters(client, client->method, reply, ret_parameters);
}

/* The replies after the call. */
static int follow(Client *client, uint64_t silence_ns, ClientEach each, void *context)
{
	uint64_t deadline_ns = answer_deadline(client);

	for (;;) {
		_cleanup_json_ Json *parameters = NULL;
		bool last;
		int r = client_next(client, deadline_ns, &parameters, &last);

		if (r != CLI_OK)
			return r;
		if (!parameters && clock_monotonic_ns(&clock_system) >= deadline_ns)
			return say_call_error(client, ETIMEDOUT);
		if (parameters)
			deadline_ns = answer_deadline(client) + silence_ns;
		r = each(parameters, context);
		if (r != CLIENT_GO_ON || last)
			return r == CLIENT_GO_ON ? CLI_OK : r;
	}
}

int client_stream(const Settings *settings, const char *method, Json *parameters,
		  uint64_t silence_ns, ClientEach each, void *context)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	int r = client_open(settings, &client);

	if (r != CLI_OK) {
		json_free(parameters);
		return r;
	}
	r = client_begin(&client, method, parameters);
	return r == CLI_OK ? follow(&client, silence_ns, each, context) : r;
}

int client_call_once(const Settings *settings, const char *method, Json *parameters,
		     Json **ret_parameters)
{
	_cleanup_client_ Client client = CLIENT_NULL;
	int r = client_open(settings, &client);

	if (r != CLI_OK) {
		json_free(parameters);
		return r;
	}
	return client_call(&client, method, parameters, ret_parameters);
}
