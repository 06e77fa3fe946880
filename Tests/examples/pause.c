/* Stays for half a minute, under whatever name it is given. */
#include <unistd.h>

int main(void)
{
	return (int)sleep(30);
}
