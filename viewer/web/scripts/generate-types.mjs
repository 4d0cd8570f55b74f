// Writes src/api/schema.d.ts from openapi.json, the description the server itself serves at /api/openapi.json.
import { existsSync, writeFileSync } from 'node:fs'
import openapiTS, { astToString } from 'openapi-typescript'

const source = new URL('../openapi.json', import.meta.url)
const target = new URL('../src/api/schema.d.ts', import.meta.url)

if (existsSync(source)) {
  writeFileSync(target, astToString(await openapiTS(source)))
} else {
  console.warn('openapi.json is not there yet: src/api/schema.d.ts is not written')
}
