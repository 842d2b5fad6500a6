// A CGI program that answers a pending http-01 challenge and does nothing else:
// what the script is measured against. As it does, it reads ROOT/www/TOKEN and
// answers in one write.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char header[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n";

int main(void)
{
	const char *root = getenv("WCME_ROOT"), *path = getenv("PATH_INFO"), *token;
	char file[1024], answer[1024];
	ssize_t length = sizeof header - 1, text;
	int fd;

	if (root == NULL || path == NULL || (token = strrchr(path, '/')) == NULL)
		return 1;
	if (snprintf(file, sizeof file, "%s/www/%s", root, token + 1) >= (int)sizeof file)
		return 1;
	if ((fd = open(file, O_RDONLY | O_NOFOLLOW)) == -1)
		return 1;
	memcpy(answer, header, length);
	if ((text = read(fd, answer + length, sizeof answer - length)) == -1)
		return 1;
	return write(STDOUT_FILENO, answer, length + text) != length + text;
}
