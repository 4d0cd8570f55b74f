import type zh from '@/locales/zh-CN/problem'

const words: typeof zh = {
  problem: {
    unreachable: 'The server did not answer; nothing was changed. Check the network and try again.',
    house: 'This page failed; the data on the server is not affected. Reload the page; if it happens again, tell the system admin.',
    forbidden: 'Your role may not do this; nothing was changed.',
    gone: 'Not found: it may just have been removed, or lies outside your scope. Reload the list.',
    changed: 'Somebody else changed it a moment ago; your change was not saved. The newest state was loaded: check it and submit again.',
    conflict: 'Not saved, it conflicts with what is there: {said}',
    refused: 'Not saved: {said}',
    tooMany: 'Too many requests; the server refuses for now. Wait a minute and try again.',
    server: 'The server failed ({status}) and did not confirm saving. Reload to see the state, then try again; if it persists, tell the system admin.',
  },
}

export default words
