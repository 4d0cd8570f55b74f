/* A position as people copy it from a map: "30.2741, 120.1551", latitude first. Pure. */

export interface Position {
  latitude: number
  longitude: number
}

/** Null for nothing typed, undefined for what is no position. */
export function parsePosition(text: string): Position | null | undefined {
  if (text.trim() === '') return null
  const parts = text.trim().split(/[\s,，;；]+/)
  if (parts.length !== 2) return undefined
  const [latitude, longitude] = parts.map(Number)
  if (latitude === undefined || longitude === undefined) return undefined
  const valid = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 // NaN fails both
  return valid ? { latitude, longitude } : undefined
}

export function positionText(place: { latitude: number | null; longitude: number | null }): string {
  return place.latitude === null || place.longitude === null ? '' : `${place.latitude}, ${place.longitude}`
}
