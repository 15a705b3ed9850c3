assert(os.getenv == nil and os.execute == nil and os.exit == nil and os.remove == nil and os.rename == nil and os.tmpname == nil and os.setenv == nil and os.setlocale == nil) while true do end
