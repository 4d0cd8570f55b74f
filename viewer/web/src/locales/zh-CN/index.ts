/* All words of the pages but the live wall's, which has its own folder. */
import alarms from '@/locales/zh-CN/alarms'
import archiveScrub from '@/locales/zh-CN/archive_scrub'
import audit from '@/locales/zh-CN/audit'
import backfill from '@/locales/zh-CN/backfill'
import cases from '@/locales/zh-CN/cases'
import common from '@/locales/zh-CN/common'
import devices from '@/locales/zh-CN/devices'
import exports from '@/locales/zh-CN/exports'
import kept from '@/locales/zh-CN/kept'
import overview from '@/locales/zh-CN/overview'
import people from '@/locales/zh-CN/people'
import places from '@/locales/zh-CN/places'
import players from '@/locales/zh-CN/players'
import problem from '@/locales/zh-CN/problem'
import retention from '@/locales/zh-CN/retention'
import shell from '@/locales/zh-CN/shell'

export default { ...alarms, ...archiveScrub, ...audit, ...backfill, ...cases, ...common, ...devices, ...exports, ...kept, ...overview, ...people, ...places, ...players, ...problem, ...retention, ...shell }
