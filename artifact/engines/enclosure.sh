# SPDX-License-Identifier: GPL-2.0-only
# Process 1 of an enclosure (enclosure.py): makes its mounts, says its process id as the outside
# sees it, stays, and buries orphans. Arguments: directory of the enclosure, group below cgroup2.
set -e
place=$1

# /proc is still the outside's.
read -r outside _ </proc/self/stat
mounts=$(cat /proc/self/mountinfo)
mount -t proc proc /proc

# Every engine keeps its state where it always does, and nothing of it is the machine's.
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock
for directory in /var/lib/containers /var/lib/cni /etc/docker /etc/cni; do
	if [ -d "$directory" ]; then
		mkdir -p "$place/over$directory"
		mount --bind "$place/over$directory" "$directory"
	fi
done

# The hierarchies again: now their root is the enclosure's own group.
legacy=
case $mounts in *" - cgroup "*) legacy=yes ;; esac
echo "$mounts" | while read -r _ _ _ _ where _ rest; do
	kind=${rest##*- }
	case ${kind%% *} in
	cgroup)
		umount "$where"
		mount -t cgroup -o "${rest##* }" cgroup "$where"
		;;
	cgroup2)
		umount "$where"
		# Beside the older version it controls next to nothing, and crun refuses both at once.
		[ "$legacy" ] || mount -t cgroup2 cgroup2 "$where"
		;;
	esac
done
if [ -z "$legacy" ]; then
	# A group with controllers for its children holds no process itself: cgroups(7).
	mkdir -p /sys/fs/cgroup/init
	echo $$ >/sys/fs/cgroup/init/cgroup.procs
	for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
		echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
	done
fi

ip link set lo up

trap 'exit 0' TERM
echo "$outside"
exec >/dev/null
while :; do
	sleep 3600 &
	wait
done
