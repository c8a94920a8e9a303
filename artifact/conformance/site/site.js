// SPDX-License-Identifier: GPL-2.0-only
// Search and filter of the index. All it knows is in the table; the state is in the address.
"use strict";
(() => {
	const field = name => document.getElementById(name);
	const names = ["text", "suite", "level", "verdict", "stack", "differ"];
	const rows = [...field("map").tBodies[0].rows].map(row => {
		const cells = [...row.cells].slice(3);
		const said = cells.map(cell => cell.title).join(" ");
		return {
			row,
			verdicts: cells.map(cell => cell.className.split(" ")[1] || ""),
			text: `${row.textContent} ${row.dataset.more} ${said}`.toLowerCase(),
		};
	});

	const value = name => name === "differ" ? field(name).checked : field(name).value;

	function fits(entry, want, words) {
		const { suite, level } = entry.row.dataset;
		const seen = want.stack === "" ? entry.verdicts : [entry.verdicts[+want.stack]];
		return (!want.suite || suite === want.suite) &&
			(!want.level || level === want.level) &&
			(!want.verdict || seen.includes(want.verdict)) &&
			(!want.differ || new Set(entry.verdicts.filter(v => v)).size > 1) &&
			words.every(word => entry.text.includes(word));
	}

	function apply() {
		const want = Object.fromEntries(names.map(name => [name, value(name)]));
		const words = want.text.toLowerCase().split(/\s+/).filter(word => word);
		let shown = 0;
		for (const entry of rows) {
			const fit = fits(entry, want, words);
			entry.row.hidden = !fit;
			shown += fit;
		}
		field("shown").textContent = `${shown} of ${rows.length} cases`;
		const state = new URLSearchParams(names.filter(name => want[name]).map(name => [name, want[name]]));
		try {
			history.replaceState(null, "", `#${state}`);
		} catch {
			// Some browsers do not allow it for files: then the address just stays.
		}
	}

	const state = new URLSearchParams(location.hash.slice(1));
	for (const name of names)
		if (state.has(name))
			name === "differ" ? field(name).checked = true : field(name).value = state.get(name);
	field("filter").addEventListener("input", apply);
	field("filter").addEventListener("submit", event => event.preventDefault());
	apply();
})();
