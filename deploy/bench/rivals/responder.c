// A FastCGI responder on libfcgi that answers a pending http-01 challenge and
// does nothing else: what the script is measured against as a daemon.
#include <fcgiapp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char header[] = "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n";

static void answer(FCGX_Request *r, const char *root)
{
	const char *path = FCGX_GetParam("REQUEST_URI", r->envp), *token;
	char file[1024], text[512];
	ssize_t length;
	int fd;

	if (path == NULL || (token = strrchr(path, '/')) == NULL)
		return;
	if (snprintf(file, sizeof file, "%s/www/%s", root, token + 1) >= (int)sizeof file)
		return;
	if ((fd = open(file, O_RDONLY | O_NOFOLLOW)) == -1)
		return;
	if ((length = read(fd, text, sizeof text)) > 0) {
		FCGX_FPrintF(r->out, header, (int)length);
		FCGX_PutStr(text, length, r->out);
	}
	close(fd);
}

int main(void)
{
	const char *root = getenv("WCME_ROOT");
	FCGX_Request r;

	if (root == NULL || FCGX_Init() != 0 || FCGX_InitRequest(&r, 0, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&r) == 0) {
		answer(&r, root);
		FCGX_Finish_r(&r);
	}
	return 1;
}
