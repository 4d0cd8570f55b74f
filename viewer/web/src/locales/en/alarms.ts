import type zh from '@/locales/zh-CN/alarms'

const words: typeof zh = {
  alarms: {
    column: { kind: 'Alarm', where: 'Where', at: 'When', times: 'Times', state: 'State', seen: 'Acknowledged' },
    filter: { kind: 'Kind', state: 'Acknowledged', open: 'Not yet', seen: 'Yes', device: 'Device id', from: 'From', to: 'To' },
    over: 'over {at}',
    stands: 'not over',
    server: 'Server',
    acknowledge: 'Acknowledge',
    acknowledgeAll: 'Acknowledge the {n} listed',
    acknowledgeAllTitle: 'Acknowledge {n} alarms?',
    acknowledgeAllEffect: '{n} alarms are marked as seen to by you, with the time, and in the audit log. It cannot be taken back.',
    acknowledged: '{name}, {at}',
    faster: 'Somebody has acknowledged this alarm already.',
    done: '{n} acknowledged',
    empty: 'No alarm matches',
    emptyHint: 'Alarms appear here, and stay, when a device goes offline, a picture stalls or a disk has trouble.',
    loaded: '{n} of {total} read',
    more: 'Read on',
    todo: 'What to do now',
  },
  alarmTodo: {
    device_offline: 'Many of one region at once: look at the network. One alone: call the officer, ask for battery and signal; the page of the device tells why it was last refused.',
    device_stalled: 'Weak 4G, mostly; what was held back comes later. After a minute ask the officer to move.',
    archive_overflow: 'Footage is being lost. Look at the load of the disk, at a rebuilding array, at who else writes there.',
    disk_warning: 'Make room, add disk, or keep footage for fewer days. Recording goes on.',
    disk_stop: 'Recording has stopped. Make room at once; it begins again by itself.',
    disk_error: 'Look at the system log and the array, run mingjing store check. If it comes again, change the disk.',
    ring_short: 'Find what else fills the disk; if the disk is too small, add to it, or have the period shortened.',
    footage_missing: 'Is the media disk mounted, and the right one? Restore from the backup.',
    footage_damaged: 'A recording is not what it was when it was sealed. Nothing was changed or deleted. Look at the list (Archive health), have the disk checked, copy kept footage away from it, and put a whole copy back if there is one.',
    database_damaged: 'Restart the server soon: it mends the database then, and names what was lost. Recording goes on, but nothing is deleted until then, so it stops when the disk is full. Have the disk looked at.',
    clock_set: 'Look at NTP. The alarm says by how much: it is needed when times are explained as evidence.',
    sound_given_up: 'What this device sends as sound crashes the decoder. Pictures go on, and sound is recorded as ever. Is it a device of ours? Change its key if in doubt; report the log to the makers. It is tried again after ten minutes.',
    heads_unsigned: 'Recording and the audit log go on; what is not signed now is signed later. The alarm says why: a full disk, or a lost key (mingjing audit key).',
    heads_broken: 'Archive or audit log are not what was signed. Change nothing: run mingjing audit verify --full, compare with the second copy of the heads, and have the machine looked at.',
    heads_copy: 'Is the second place mounted, and has it room? A copy that contradicts the heads here must be kept: have it looked at (mingjing audit verify).',
    space_ahead: 'The page Archive health shows how much comes in, how much policies ask for, and when it will be short. Add to the disk, or have the periods shortened by who may decide that; until then nothing is lost.',
    workers_down: 'Sound in G.711 and AAC over WebRTC is silent on the live page; pictures and recording go on. The alarm says why: mostly memory, or a broken installation.',
  },
}

export default words
