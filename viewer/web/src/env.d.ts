/// <reference types="vite/client" />
import 'vue-router'

declare module 'vue-router' {
  interface RouteMeta {
    /** Key of the page's name in the locale files. */
    title?: string
    /** Reachable without a session. */
    open?: boolean
    /** For whoever comes: nobody is asked who he is, and nobody is logged in there. */
    nobody?: boolean
    /** Dark and dense, with the navigation folded to icons: pages that show video. */
    dark?: boolean
    /** The action of the server's policy table that the page is for; without it the page is not offered. */
    action?: import('@/api/types').Action
    /** Narrower than the action: whose work the page is. */
    roles?: readonly import('@/session/roles').Role[]
  }
}
