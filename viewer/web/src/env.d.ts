/// <reference types="vite/client" />
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's name in the locale files. */
    title?: string
    /** Reachable without a session. */
    open?: boolean
    /** Dark and dense, with the navigation folded to icons: pages that show video. */
    dark?: boolean
    /** Who sees the page in the navigation and may open it; absent means everybody with a session. */
    roles?: readonly import('@/session/roles').Role[]
  }
}
