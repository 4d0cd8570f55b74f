/* A browser's name from its User-Agent, as people call it. Pure; knows the usual ones and is silent about the rest. */

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\/(\d+)/, 'Edge'], // before Chrome, which it also names
  [/(?:QQBrowser|360SE|360EE|MetaSr)[/ ]?(\d*)/, 'Chromium'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/(?:HeadlessChrome|Chrome)\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).*Safari/, 'Safari'],
]

const SYSTEMS: readonly [RegExp, string][] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

export function browserName(userAgent: string): string {
  const browser = BROWSERS.map(([pattern, name]) => ({ name, found: pattern.exec(userAgent) })).find(({ found }) => found)
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1]
  if (browser === undefined) return system ?? ''
  const name = [browser.name, browser.found?.[1]].filter(Boolean).join(' ')
  return system === undefined ? name : `${name} · ${system}`
}
