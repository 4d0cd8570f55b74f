/* Every page and its address. Pages load when they are first opened. */
import { createRouter, createWebHistory, type RouteRecordRaw, START_LOCATION } from 'vue-router'
import { watch } from 'vue'
import { i18n, language } from '@/i18n'
import { takeFromAddress } from '@/publish/device_key'
import { useSession } from '@/session/store'

const pages: RouteRecordRaw[] = [
  { path: '', name: 'overview', component: () => import('@/overview/OverviewPage.vue'), meta: { title: 'page.overview' } },
  {
    path: 'live',
    name: 'live',
    component: () => import('@/live/LivePage.vue'),
    meta: { title: 'page.live', dark: true, action: 'live.open', roles: ['supervisor'] },
  },
  {
    path: 'playback',
    name: 'playback',
    component: () => import('@/playback/PlaybackPage.vue'),
    meta: { title: 'page.playback', dark: true, action: 'recording.read' },
  },
  {
    path: 'alarms',
    name: 'alarms',
    component: () => import('@/alarms/AlarmsPage.vue'),
    meta: { title: 'page.alarms', action: 'alarm.list' },
  },
  {
    path: 'cases',
    name: 'cases',
    component: () => import('@/cases/CasesPage.vue'),
    meta: { title: 'page.cases', action: 'case.list' },
  },
  {
    path: 'cases/import',
    name: 'import-cases',
    component: () => import('@/cases/ImportPage.vue'),
    meta: { title: 'page.importCases', action: 'case.import' },
  },
  {
    path: 'cases/:case',
    name: 'case',
    component: () => import('@/cases/CasePage.vue'),
    props: true,
    meta: { title: 'page.case', action: 'case.read' },
  },
  {
    path: 'kept',
    name: 'kept',
    component: () => import('@/kept/KeptPage.vue'),
    meta: { title: 'page.kept', action: 'clip.list' },
  },
  {
    path: 'exports',
    name: 'exports',
    component: () => import('@/exports/ExportsPage.vue'),
    meta: { title: 'page.exports', action: 'export.list' },
  },
  {
    path: 'retention',
    name: 'retention',
    component: () => import('@/retention/RetentionPage.vue'),
    meta: { title: 'page.retention', action: 'retention.list' },
  },
  {
    path: 'archive',
    name: 'archive',
    component: () => import('@/archive/ArchivePage.vue'),
    meta: { title: 'page.archive', action: 'archive.read' },
  },
  {
    path: 'originals',
    name: 'originals',
    component: () => import('@/backfill/BackfillPage.vue'),
    meta: { title: 'page.originals', action: 'backfill.list' },
  },
  {
    path: 'devices',
    name: 'devices',
    component: () => import('@/devices/DevicesPage.vue'),
    meta: { title: 'page.devices', action: 'device.list' },
  },
  {
    path: 'devices/register',
    name: 'register',
    component: () => import('@/devices/RegisterPage.vue'),
    meta: { title: 'page.register', action: 'device.place' },
  },
  {
    path: 'places',
    name: 'places',
    component: () => import('@/places/PlacesPage.vue'),
    meta: { title: 'page.places', action: 'checkpoint.list' },
  },
  {
    path: 'players',
    name: 'players',
    component: () => import('@/players/PlayersPage.vue'),
    meta: { title: 'page.players', action: 'stream_password.list_own' },
  },
  {
    path: 'people',
    name: 'people',
    component: () => import('@/people/PeoplePage.vue'),
    meta: { title: 'page.people', action: 'user.list' },
  },
  {
    path: 'audit',
    name: 'audit',
    component: () => import('@/audit/AuditPage.vue'),
    meta: { title: 'page.audit', action: 'audit.read' },
  },
  {
    path: 'deletions',
    name: 'deletions',
    component: () => import('@/retention/DeletionsPage.vue'),
    meta: { title: 'page.deletions', action: 'certificate.list' },
  },
  {
    path: 'system',
    name: 'system',
    component: () => import('@/system/SystemPage.vue'),
    meta: { title: 'page.system', action: 'system.read' },
  },
  { path: 'account', name: 'account', component: () => import('@/session/AccountPage.vue'), meta: { title: 'page.account' } },
  { path: ':rest(.*)*', name: 'nowhere', component: () => import('@/shell/NowherePage.vue'), meta: { title: 'page.nowhere' } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    {
      path: '/login',
      name: 'login',
      component: () => import('@/session/LoginPage.vue'),
      meta: { title: 'page.login', open: true },
    },
    {
      path: '/publish',
      name: 'publish',
      component: () => import('@/publish/PublishPage.vue'),
      meta: { title: 'page.publish', dark: true, nobody: true },
    },
    { path: '/', component: () => import('@/shell/AppShell.vue'), children: pages },
  ],
})

router.beforeEach(async (to, from) => {
  if (to.meta.nobody) {
    // Headers that let a page use the camera come with this page alone: from another one of ours it is loaded anew.
    if (from !== START_LOCATION && from.name !== to.name) {
      location.assign(to.fullPath)
      return false
    }
    return takeFromAddress(to.hash) ? { name: to.name as string, replace: true } : true
  }
  const session = useSession()
  if (!session.known) {
    try {
      await session.load()
    } catch {
      return to.meta.open ? true : { name: 'login', query: { to: to.fullPath } }
    }
  }
  if (to.meta.open) return session.info !== null && !session.info.must_change_password ? { name: 'overview' } : true
  if (session.info === null || session.info.must_change_password) {
    return { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  }
  return session.mayOpen(to.meta) ? true : { name: 'overview' }
})

function nameThePage(): void {
  const { title, dark } = router.currentRoute.value.meta
  document.title = title === undefined ? i18n.global.t('app.name') : `${i18n.global.t(title)} · ${i18n.global.t('app.name')}`
  document.documentElement.classList.toggle('dark', dark === true)
}

watch([router.currentRoute, language], nameThePage, { flush: 'post' })

/* After an update of the server the files this tab still knows are gone: load the new app, at the page asked for. Once:
   a page that does not load even then must not reload for ever. */
const RELOAD_KEY = 'mingjing.reloaded_at'
const RELOAD_PAUSE_MS = 30_000

router.onError((_, to) => {
  const before = Number(sessionStorage.getItem(RELOAD_KEY) ?? 0)
  if (Date.now() - before < RELOAD_PAUSE_MS) return
  sessionStorage.setItem(RELOAD_KEY, String(Date.now()))
  location.assign(to.fullPath)
})
