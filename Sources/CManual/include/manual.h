/*
 * The manual pages of the tools. Each tool contains its own page; pages that it does not use are not linked.
 */
#ifndef QUARK_CMANUAL_H
#define QUARK_CMANUAL_H

/* 1 if the only argument is a word that asks for help: help, -help or --help. */
int cmanual_is_asked_for(int argc, char *const *argv);

/*
 * Shows the page of a tool with man(1) or else mandoc(1), if standard output is a terminal. Returns the exit status of
 * that program; 128 plus the number of the signal that killed it; -1 if the page cannot be shown.
 */
int cmanual_show_quark_btf(void);
int cmanual_show_quark_mon(void);
int cmanual_show_quark_test(void);

#endif
