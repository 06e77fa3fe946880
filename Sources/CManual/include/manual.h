/*
 * The tools' pages of the manual, each in its tool. What a tool does not ask for is not linked.
 */
#ifndef QUARK_CMANUAL_H
#define QUARK_CMANUAL_H

/* 1: the one argument is a word that asks for help: help, -help or --help. */
int cmanual_is_asked_for(int argc, char *const *argv);

/*
 * Shows the page of a tool by way of man(1) or else mandoc(1), if standard output is a terminal. The exit status of what
 * showed it; 128 and the signal's number if it died of one; -1: it cannot be shown, here or at all.
 */
int cmanual_show_quark_btf(void);
int cmanual_show_quark_mon(void);
int cmanual_show_quark_test(void);

#endif
