/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * The names of the control interface, shared by daemon and client, and its IDL: the text that
 * GetInterfaceDescription returns, from common/org.netopt.Daemon.varlink.
 */
#define INTERFACE_NAME            "org.netopt.Daemon"
#define INTERFACE_SERVICE         "org.varlink.service"
#define INTERFACE_SOCKET_NAME     "netoptd.sock" /* in the runtime directory */
#define INTERFACE_GET_STATUS      INTERFACE_NAME ".GetStatus"
#define INTERFACE_LIST_ENDPOINTS  INTERFACE_NAME ".ListEndpoints"
#define INTERFACE_LIST_PATHS      INTERFACE_NAME ".ListPaths"
#define INTERFACE_LIST_FLOWS      INTERFACE_NAME ".ListFlows"
#define INTERFACE_LIST_LISTENERS  INTERFACE_NAME ".ListListeners"
#define INTERFACE_LIST_METRICS    INTERFACE_NAME ".ListDestinationMetrics"
#define INTERFACE_LIST_LINKS      INTERFACE_NAME ".ListLinks"
#define INTERFACE_LIST_COUNTERS   INTERFACE_NAME ".ListCounters"
#define INTERFACE_LIST_NAMESPACES INTERFACE_NAME ".ListNamespaces"
#define INTERFACE_LIST_TUNABLES   INTERFACE_NAME ".ListTunables"
#define INTERFACE_LIST_CHANGES    INTERFACE_NAME ".ListChanges"
#define INTERFACE_LIST_ROUTES     INTERFACE_NAME ".ListRoutes"
#define INTERFACE_MONITOR         INTERFACE_NAME ".Monitor"
#define INTERFACE_GET_HISTORY     INTERFACE_NAME ".GetHistory"
#define INTERFACE_START_TRIAL     INTERFACE_NAME ".StartTrial"
#define INTERFACE_EXPLAIN         INTERFACE_NAME ".Explain"
#define INTERFACE_REVERT          INTERFACE_NAME ".Revert"
#define INTERFACE_PAUSE           INTERFACE_NAME ".Pause"
#define INTERFACE_RESUME          INTERFACE_NAME ".Resume"
#define INTERFACE_RELOAD          INTERFACE_NAME ".Reload"

#define INTERFACE_ERROR_NO_SUCH_CHANGE   INTERFACE_NAME ".NoSuchChange"
#define INTERFACE_ERROR_NO_SUCH_ENDPOINT INTERFACE_NAME ".NoSuchEndpoint" /* (name: string) */
#define INTERFACE_ERROR_NO_SUCH_PATH     INTERFACE_NAME ".NoSuchPath"     /* (path: string) */
#define INTERFACE_ERROR_TRIAL_BUSY       INTERFACE_NAME ".TrialBusy"      /* (message: string) */
#define INTERFACE_ERROR_TRIAL_NOT_ALLOWED                                                          \
	INTERFACE_NAME ".TrialNotAllowed"                            /* (message: string)          \
								      */
#define INTERFACE_ERROR_FAILED              INTERFACE_NAME ".Failed" /* (message: string) */
#define INTERFACE_ERROR_METHOD_NOT_FOUND    INTERFACE_SERVICE ".MethodNotFound"
#define INTERFACE_ERROR_INTERFACE_NOT_FOUND INTERFACE_SERVICE ".InterfaceNotFound"
#define INTERFACE_ERROR_INVALID_PARAMETER   INTERFACE_SERVICE ".InvalidParameter"
#define INTERFACE_ERROR_PERMISSION_DENIED   INTERFACE_SERVICE ".PermissionDenied"
#define INTERFACE_ERROR_EXPECTED_MORE       INTERFACE_SERVICE ".ExpectedMore"

extern const char interface_idl[];         /* of INTERFACE_NAME */
extern const char interface_service_idl[]; /* of INTERFACE_SERVICE */
