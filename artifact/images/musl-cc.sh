#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# gcc on the musl below @HOME@ instead of the host's libc: dynamic PIEs; static PIEs with
# -static; shared objects with -shared. UK_LOADER names another loader than the usual one.
home=@HOME@
link=yes
shape=pie
only=$#
for word; do
	shift
	case $word in
	-c | -S | -E | -M | -MM | -fsyntax-only | -r | --version | -dump* | -print-* | --print-* | --help) link= ;;
	-v) [ "$only" != 1 ] || link= ;;
	-shared) shape=shared ;;
	-static | -static-pie | --static)
		shape=static
		continue
		;;
	-pie | -no-pie | -rdynamic)
		[ "$word" != -rdynamic ] || set -- "$@" -Wl,--export-dynamic
		continue
		;;
	esac
	set -- "$@" "$word"
done
own=$(gcc -print-file-name=include)
set -- -nostdinc "$@" -isystem "$home/include" -isystem "$own"
[ -n "$link" ] || exec gcc "$@"

begin=$(gcc -print-file-name=crtbeginS.o)
end=$(gcc -print-file-name=crtendS.o)
lib=$home/lib
case $shape in
shared) start= ;;
static)
	start=$lib/rcrt1.o
	set -- -static-pie "$@"
	;;
pie)
	start=$lib/Scrt1.o
	set -- -pie -Wl,-dynamic-linker,"${UK_LOADER:-/lib/ld-musl-x86_64.so.1}" "$@"
	;;
esac
# shellcheck disable=SC2086 # $start may be nothing
exec gcc -nostdlib $start "$lib/crti.o" "$begin" "$@" -L"$lib" \
	-Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group "$end" "$lib/crtn.o"
