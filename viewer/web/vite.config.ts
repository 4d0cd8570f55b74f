/* The build: relative to nothing outside, one chunk a page, the dev server in front of `mingjing serve`.
   MINGJING_DEV_SERVER says where the server of the dev proxy is. */
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import ElementPlus from 'unplugin-element-plus/vite'
import { defineConfig } from 'vitest/config'

const server = process.env['MINGJING_DEV_SERVER'] ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue(), ElementPlus({})],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: true, // Element Plus has a few components written with it
    __VUE_PROD_DEVTOOLS__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    target: ['chrome109', 'firefox115', 'safari16'], // Windows 7 office PCs stop at Chrome 109
    assetsInlineLimit: 0, // the CSP allows data: for pictures made at run time, not as a habit
    modulePreload: { polyfill: false }, // the polyfill is an inline script in old Vite; every target has preload
    chunkSizeWarningLimit: 600,
  },
  server: {
    // The server takes requests from its own pages only, so the proxy speaks as one.
    proxy: {
      '/api': { target: server, changeOrigin: true, headers: { origin: server } },
      '/ws': { target: server, changeOrigin: true, ws: true, headers: { origin: server } },
    },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
})
