import type zh from '@/locales/zh-CN/kept'

const words: typeof zh = {
  kept: {
    ofCase: 'Footage of this case ({n})',
    playBack: 'Play it back',
    noStage: 'no stage yet',
    add: 'Keep footage',
    kind: { clip: 'Clip', hold: 'Hold' },
    channel: { main: 'main', sub: 'sub', talk: 'talk' },
    column: { interval: 'Interval', kind: 'Kind', device: 'Checkpoint · device', case: 'Case', stage: 'Stage', note: 'Note', by: 'Kept by', state: 'State' },
    filter: { q: 'Search device, case, note', from: 'From', to: 'To' },
    state: { kept: 'Kept', asked: '{name} asks to release it', agreed: 'Released from {at}', free: 'Released' },
    empty: 'No clip or hold matches',
    emptyHint: 'What is kept is never deleted by itself, however full the disk. Two people release it, and seven days later it is free.',
    new: {
      title: 'Keep an interval',
      caseHint: 'Search by number or cause; may be given later',
      why: 'Why it is put on hold',
      effectKept: 'What was recorded in this interval is not deleted by itself any more; what is missing in it is named as well.',
      effectEnd: 'To release it one person asks and another agrees; seven days later it is free.',
      go: 'Keep',
    },
    ask: {
      button: 'Release…',
      title: 'Ask to release it?',
      reason: 'Why it may be released',
      effect: 'Your wish and the reason are in the audit log; somebody else has to agree.',
      effectThen: 'Seven days after that the footage goes when its time is over, like any other.',
      stays: 'Until then it is kept, and anybody who may can take the wish back.',
      go: 'Ask',
      done: 'Asked. Somebody else has to agree.',
    },
    agree: {
      button: 'Agree…',
      title: 'Agree with {name} to release it?',
      reason: 'Reason: {reason}',
      effect: 'From seven days on the footage goes when its time is over, and cannot be had again.',
      stays: 'Within the seven days this can be taken back.',
      go: 'Release it',
      done: 'Agreed. It is free in seven days.',
    },
    withdraw: { button: 'Keep it', done: 'It stays kept.' },
  },
}

export default words
