// ChatHub
