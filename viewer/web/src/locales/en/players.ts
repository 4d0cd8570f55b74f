import type zh from '@/locales/zh-CN/players'

const words: typeof zh = {
  players: {
    lead: 'For VLC, ffplay and video walls to play live pictures (RTSP). A stream password opens {scope}, with the rights your account has at the time, and no login. Every view is in the audit log.',
    scopeUnit: 'the devices of “{unit}” and the units below it',
    scopeAll: 'the devices of all units',
    add: 'New stream password',
    labelHint: 'Which wall or player it is for, such as: duty room wall',
    column: { label: 'For', purpose: 'Purpose', state: 'State', used: 'Last used', expires: 'Good until', created: 'Made' },
    state: { in_use: 'In use: one picture | In use: one picture | In use: {n} pictures', used: 'Not in use', unused: 'Never used' },
    now: 'now',
    soon: '(ends soon)',
    empty: 'No stream password yet',
    emptyHint: 'Make one for each wall or player: when it is lost or taken down, only that one is revoked.',
    new: {
      title: 'New stream password',
      days: 'Good for',
      ofDays: 'one day | one day | {n} days',
      effectScope: 'Who knows it can play {scope}.',
      effectUntil: 'Good until {at}; then the pictures end by themselves, and another has to be made.',
      effectAudit: 'Every picture seen with it is in the audit log under your name, with the purpose chosen here.',
      go: 'Make it and show it',
    },
    once: {
      title: 'Stream password for “{label}”',
      text: 'It is shown this once: copy it into the player or wall now. A lost one cannot be looked up, only replaced.',
      device: 'Device',
      channel: 'Channel',
      noDevice: 'There is no device yet',
      rtsp: 'Address (VLC, video walls)',
      rtsps: 'Address with TLS (better, where the player can)',
      ffplay: 'Command for ffplay',
      vlc: 'Command for VLC',
      apart: 'Where a wall asks for user and password in fields of their own:',
      plain: 'Address without the password',
      password: 'Stream password',
      done: 'Copied, close',
    },
    revoke: {
      button: 'Revoke',
      title: 'Revoke the stream password for “{label}”?',
      effect: 'From now on it opens no picture.',
      effectNow: 'The picture playing with it ends at once, and it opens none any more. | The picture playing with it ends at once, and it opens none any more. | The {n} pictures playing with it end at once, and it opens none any more.',
      stays: 'Your account, your other stream passwords and the audit log stay.',
      go: 'Revoke this 1 stream password',
      done: 'The stream password for “{label}” is revoked',
    },
    link: 'See it in a player or on a video wall',
    mine: 'Stream passwords (players and video walls)',
  },
}

export default words
