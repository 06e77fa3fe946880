/* Sleeps for as many seconds as its argument says; it is copied under other names. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	return argc == 2 ? (int)sleep((unsigned)atoi(argv[1])) : 2;
}
