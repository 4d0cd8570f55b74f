import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from '@/App.vue'
import { i18n } from '@/i18n'
import { router } from '@/router'
import '@/styles/app.css'
import '@/styles/element.css'

createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')

void import('@/styles/cjk_font')
