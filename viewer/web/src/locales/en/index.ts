/* All words of the pages but the live wall's, which has its own folder. */
import alarms from '@/locales/en/alarms'
import archiveScrub from '@/locales/en/archive_scrub'
import audit from '@/locales/en/audit'
import backfill from '@/locales/en/backfill'
import cases from '@/locales/en/cases'
import common from '@/locales/en/common'
import devices from '@/locales/en/devices'
import exports from '@/locales/en/exports'
import kept from '@/locales/en/kept'
import overview from '@/locales/en/overview'
import people from '@/locales/en/people'
import places from '@/locales/en/places'
import players from '@/locales/en/players'
import problem from '@/locales/en/problem'
import retention from '@/locales/en/retention'
import shell from '@/locales/en/shell'

export default { ...alarms, ...archiveScrub, ...audit, ...backfill, ...cases, ...common, ...devices, ...exports, ...kept, ...overview, ...people, ...places, ...players, ...problem, ...retention, ...shell }
