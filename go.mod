module github.com/elastic/quark

go 1.19
