"""The demo's own addresses."""

from django.urls import path

from demo.pages import views

urlpatterns = [path("", views.start, name="demo-start")]
