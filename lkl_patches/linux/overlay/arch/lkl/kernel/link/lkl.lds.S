/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of lkl.o. It is a relocatable link: addresses are the final linker's,
 * so every symbol stands inside an output section, and output sections have
 * the names that every linker knows.
 */
#include <asm/cache.h>
#include <asm/page.h>
#include <asm/thread_info.h>
#define RUNTIME_DISCARD_EXIT
#include <asm-generic/vmlinux.lds.h>

jiffies = jiffies_64;

SECTIONS
{
	.text : {
		_text = .;
		_stext = .;
		__entry_text_start = .;
		__entry_text_end = .;
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		TEXT_TEXT
		*(.text.*)
		SCHED_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		_sinittext = .;
		INIT_TEXT
		_einittext = .;
		EXIT_TEXT
		_etext = .;
	}

	.rodata : {
		. = ALIGN(PAGE_SIZE);
		__start_rodata = .;
		*(.rodata) *(.rodata.*)
		*(__tracepoints_strings)
		*(.init.rodata .init.rodata.*)
		*(.ref.rodata)
		. = ALIGN(8);
		BOUNDED_SECTION_BY(__ex_table, ___ex_table)
		. = ALIGN(8);
		BOUNDED_SECTION_BY(__bug_table, ___bug_table)
		. = ALIGN(8);
		BOUNDED_SECTION_BY(.note.*, _notes)
		. = ALIGN(8);
		INIT_CALLS
		BOUNDED_SECTION_POST_LABEL(.con_initcall.init, __con_initcall, _start, _end)
		__end_rodata = .;
	}

	.data.rel.ro : {
		*(.data.rel.ro*)
		. = ALIGN(8);
		BOUNDED_SECTION_BY(__modver, ___modver)
		. = ALIGN(8);
		BOUNDED_SECTION_BY(__tracepoints_ptrs, ___tracepoints_ptrs)
		INIT_SETUP(16)
		. = ALIGN(64);
		SCHED_DATA
		INIT_RAM_FS
	}

	.data : {
		. = ALIGN(PAGE_SIZE);
		_data = .;
		_sdata = .;
		INIT_TASK_DATA(THREAD_SIZE)
		NOSAVE_DATA
		PAGE_ALIGNED_DATA(PAGE_SIZE)
		CACHELINE_ALIGNED_DATA(L1_CACHE_BYTES)
		READ_MOSTLY_DATA(L1_CACHE_BYTES)
		. = ALIGN(PAGE_SIZE);
		PERCPU_INPUT(L1_CACHE_BYTES)
		RO_AFTER_INIT_DATA
		. = ALIGN(8);
		BOUNDED_SECTION_BY(__param, ___param)
		DATA_DATA
		*(.data.*)
		CONSTRUCTORS
		__init_begin = .;
		INIT_DATA
		*(.exit.data .exit.data.*)
		__init_end = .;
		_edata = .;
	}

	.bss : {
		__bss_start = .;
		. = ALIGN(PAGE_SIZE);
		*(.bss..page_aligned)
		. = ALIGN(PAGE_SIZE);
		*(BSS_MAIN)
		*(.bss.*)
		*(COMMON)
		__bss_stop = .;
		_end = .;
	}

	STABS_DEBUG
	DWARF_DEBUG

	/DISCARD/ : {
		EXIT_CALL
		COMMON_DISCARDS
		*(.eh_frame)
		*(.initcall*.discard)
		*(.fini_array .fini_array.* .dtors .dtors.*)
		*(.modinfo)
		*(___ksymtab*) *(__ksymtab_strings)
		*(.note.GNU-stack)
	}
}
