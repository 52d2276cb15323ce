#!/bin/busybox sh
# First program of a node: mounts the host's root file system read-only, lays a tmpfs over it, goes there.
# The kernel command line says which script continues: scars.run=PATH.
B=/bin/busybox
$B mount -t proc none /proc; $B mount -t sysfs none /sys; $B mount -t devtmpfs none /dev
while read -r m; do $B insmod /mod/$m || echo "insmod $m failed"; done < /mod/order
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose root /lower || echo "9p failed"
$B mount -t tmpfs -o size=256m none /upper; $B mkdir /upper/u /upper/w
$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/u,workdir=/upper/w none /newroot || echo "overlay failed"
RUN=$($B sed 's/.*scars.run=\([^ ]*\).*/\1/' /proc/cmdline)
$B mount --move /dev /newroot/dev
$B umount /sys; $B umount /proc
exec $B switch_root /newroot /bin/sh "$RUN"
