/* The server says what was wrong with a value in English sentences of a fixed form. Here they are recognised, so that
   they can be told in the reader's language; a sentence that is not recognised is shown as it came. Pure. */

export interface ServerWords {
  /** Under `problem.server` in the locale files. */
  key: string
  values: Record<string, string>
}

/** A test of the server (tests/viewer/test_server_words.py) holds this list to what is said there. */
export const SENTENCES: readonly [RegExp, string][] = [
  [/^There is an? (?:device|checkpoint|unit) (?<id>.+) already\.$/, 'taken'],
  [/^There is an account (?<id>.+) already\.$/, 'taken'],
  [/^Choose another (?:id|name)\.$/, 'chooseAnother'],
  [/ is not an id of a \w+\.$/, 'notAnId'],
  [/^Use 1 to 64 letters, digits, - and _/, 'idLetters'],
  [/ is not a user name\.$/, 'notAName'],
  [/^Use 1 to 64 of a-z, 0-9, dot, dash and underscore/, 'nameLetters'],
  [/^The (?<field>\w+) has \d+ characters\.$/, 'tooLong'],
  [/^Use at most (?<n>\d+)(?: characters)?\.$/, 'atMost'],
  [/^The \w+ is empty\.$/, 'empty'],
  [/^The \w+ contains characters that cannot be printed\.$/, 'unprintable'],
  [/^Type it without them\.$/, 'without'],
  [/^A position has a latitude and a longitude\.$/, 'halfPosition'],
  [/^Give both or neither\.$/, 'bothOrNeither'],
  [/ still has (?<n>\d+) devices\.$/, 'stillDevices'],
  [/ still has (?<units>\d+) units and (?<checkpoints>\d+) checkpoints\.$/, 'stillPlaces'],
  [/^(?<n>\d+) accounts belong to /, 'stillAccounts'],
  [/^(?:Move or remove them first|Have them moved first)\.$/, 'moveFirst'],
  [/^The present password is wrong\.$/, 'presentWrong'],
  [/^The new password cannot be taken\.$/, 'newRefused'],
  [/^Use at least (?<n>\d+) characters\.$/, 'atLeast'],
  [/^Use at least (?<n>\d+) different characters\.$/, 'different'],
  [/^Leave the user name out of the password\.$/, 'nameInside'],
  [/^This password is on every list of common passwords/, 'common'],
  [/^Mix at least three of:/, 'mix'],
  [/^Choose another one than the present password\.$/, 'samePassword'],
  [/ is the last (?<role>\w+)\.$/, 'lastAdministrator'],
  [/^Give another account the role \w+ first\.$/, 'anotherFirst'],
  [/^A unit user belongs to a unit\.$/, 'needsUnit'],
  [/^An administrator belongs to no unit\.$/, 'noUnit'],
  [/^This is no RTSP URL\.$/, 'noRtspUrl'],
  [/^The URL(?: names no host|'s host is no IPv6 address)\.$/, 'noRtspUrl'],
  [/^The URL holds a (?:user or )?password\.$/, 'urlSecret'],
  [/^The password was given for another host or user\.$/, 'passwordElsewhere'],
  [/^This is the mask of a password/, 'maskedPassword'],
  [/^This is no password of a camera\.$/, 'noCameraPassword'],
  [/^This is no user name of a camera\.$/, 'noCameraUser'],
  [/^A password belongs to a user\.$/, 'passwordWithoutUser'],
  [/^This is no fingerprint of a certificate\.$/, 'noFingerprint'],
  [/^(?:Write it as rtsps?:|Give them in their own fields|Give it in its own field|Give the password of this one|Leave the field out)/, 'nothing'],
  [/^(?:Give the user name of the camera|Give the SHA-256|Use up to \d+)/, 'nothing'],
  [/ is .+ itself or below it\.$/, 'insideItself'],
  [/^ *-?[\d.]+ is no port\.$/, 'noPort'],
  [/^-?[\w.]+ is not a (?:latitude|longitude|\d)\.$/, 'noDegrees'],
  [/^An overlap of [-\d.e+]+ s cannot be\.$/, 'overlapTooLong'],
  [/^Nobody changes their own grant\.$/, 'ownGrant'],
  [/^It was changed by somebody else meanwhile\.$/, 'changedMeanwhile'],
  [/^The URL has a fragment, which no camera is sent\.$/, 'urlFragment'],
  [/^The list cannot be sorted by /, 'unsortable'],
  [/^The password is not strong enough\.$/, 'weakPassword'],
  [/^There are (?<n>\d+) stream passwords already\.$/, 'streamPasswords'],
  [/^There is no unit .+\.$/, 'noSuchUnit'],
  [/^This interval cannot be\.$/, 'badInterval'],
  [/^This is not a cursor of this list\.$/, 'badCursor'],
  [/^purpose is missing\.$/, 'noPurpose'],
  [/^Without TLS there is no certificate to compare\.$/, 'fingerprintWithoutTls'],
  [/^Ask another security admin\.$/, 'askSecurityAdmin'],
  [/^(?:Use degrees from|Use one of|One of|Use 1 to 65535|Use rtsps:|Leave out #|Ask for at most 31 days|Begin at the first)/, 'nothing'],
  [/^(?:Use 0 to \d+ seconds|Give a \w+|Choose one of the list of units|Choose a unit outside of it)\.$/, 'nothing'],
  [/^(?:Revoke one that is not used|Load it again, look at the change, and repeat yours)\.$/, 'nothing'],
  [/^(?:Name the unit|Leave the unit empty|Say why you watch|Try again)\.$/, 'nothing'],
]

export function recognise(sentence: string): ServerWords | null {
  for (const [pattern, key] of SENTENCES) {
    const found = pattern.exec(sentence)
    if (found !== null) return { key, values: { ...found.groups } }
  }
  return null
}
